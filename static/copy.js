// A button that copies the text of a field: <button data-copy="id of the field"> with a status line after it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  if (!copied) field.select();
  button.nextElementSibling.textContent = copied ? button.dataset.copied : button.dataset.notCopied;
});
