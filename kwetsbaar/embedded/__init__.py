"""A Django database engine that brings its own PostgreSQL: server.py runs it, base.py gives it to Django."""
