// Opens the question that the address names; without this it is in view, and a tap opens it.
function openNamed() {
  const question = document.getElementById(location.hash.slice(1));
  if (question?.matches("details")) question.open = true;
}

addEventListener("hashchange", openNamed);
openNamed();
