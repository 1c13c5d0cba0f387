// Passkeys: the device asks who is there, and its answer goes along with the form around the button.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function opened({ publicKey: options }) {
  for (const known of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) known.id = bytes(known.id);
  if (options.user) options.user.id = bytes(options.user.id);
  options.challenge = bytes(options.challenge);
  return { publicKey: options };
}

function closed(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function asked({ passkey, options }) {
  if (!options) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(options, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new TypeError(passkey);
  return (await answer.json()).request_options;
}

// Which sentence fits: passkeys know no IP addresses; a person may say no, or wait too long.
function why(error) {
  if (/^[\d.]+$|:/.test(location.hostname)) return "address";
  if (!window.PublicKeyCredential) return "none";
  return { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "already", TypeError: "away" }[error.name] ?? "failed";
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button[data-passkey]");
  if (!button || button.ariaBusy === "true") return;
  const status = button.form.querySelector("[data-passkey-status]");
  status.textContent = "";
  button.ariaBusy = "true";
  try {
    const options = opened(await asked(button.dataset));
    button.form.querySelector("[data-passkey-answer]").value = closed(await navigator.credentials[button.dataset.passkey](options));
    button.form.submit();
  } catch (error) {
    status.textContent = status.dataset[why(error)];
  }
  button.ariaBusy = "false";
});
