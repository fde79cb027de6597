// Asks this device's authenticator: to make a passkey, or to sign in with one. What is said comes from the page.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

const ask = {
  create: async (options) => {
    const user = { ...options.user, id: bytes(options.user.id) };
    const excludeCredentials = named(options.excludeCredentials);
    const publicKey = { ...options, user, challenge: bytes(options.challenge), excludeCredentials };
    const made = await navigator.credentials.create({ publicKey });
    return written(made, {
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports?.() ?? [],
    });
  },
  get: async (options) => {
    const allowCredentials = named(options.allowCredentials);
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials };
    const made = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = made.response;
    return written(made, {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  },
};

const written = (made, response) => ({
  id: made.id,
  rawId: text(made.rawId),
  type: made.type,
  authenticatorAttachment: made.authenticatorAttachment ?? null,
  clientExtensionResults: made.getClientExtensionResults(),
  response: { ...response, clientDataJSON: text(made.response.clientDataJSON) },
});

const post = async (where, document, csrf) => {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(where, { method: "POST", headers, body: JSON.stringify(document) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

for (const part of document.querySelectorAll("[data-passkey]")) {
  const { passkey, options, done, csrf, cancelled, failed, known, unable } = part.dataset;
  const button = part.querySelector("button");
  const said = part.querySelector("[data-said]");
  const say = (words) => {
    said.textContent = words;
    said.hidden = !words;
  };
  button.hidden = false;
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    say(unable);
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    say("");
    try {
      const answer = await ask[passkey](await post(options, {}, csrf));
      location.assign((await post(done, answer, csrf)).next);
    } catch (error) {
      button.disabled = false;
      say({ NotAllowedError: cancelled, AbortError: cancelled, InvalidStateError: known }[error.name] ?? failed);
    }
  });
}
