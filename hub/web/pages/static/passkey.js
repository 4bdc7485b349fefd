// Passkeys: asks the hub what to make or to sign, lets the browser do it, and sends the answer with the form.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const decoded = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      for (const each of options[list] || []) each.id = bytes(each.id);
    }
    return options;
  };
  const encoded = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response });
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const asked = await fetch(form.dataset.ask, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        if (!asked.ok) throw new Error("refused");
        const publicKey = decoded(await asked.json());
        form.elements.answer.value = encoded(await navigator.credentials[form.dataset.passkey]({ publicKey }));
        form.submit();
      } catch {
        const note = form.querySelector("[data-passkey-failed]");
        if (note) note.hidden = false;
      }
    });
  }
})();
