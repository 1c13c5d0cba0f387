-- Run once, when the database is made, as its owner: the role of the app, which owns nothing.
-- psql reads the password from the environment, so that it stands in no file.
\getenv password APP_PASSWORD
CREATE ROLE app LOGIN PASSWORD :'password';
