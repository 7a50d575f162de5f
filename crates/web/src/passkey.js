// Asks the browser for a passkey, and sends what it says with the form, as every other form is sent. Without this script, or in a
// browser that knows no passkeys, the forms stay hidden.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const text = (buffer) => {
    const letters = btoa(String.fromCharCode(...new Uint8Array(buffer)));
    return letters.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const bytes = (letters) =>
    Uint8Array.from(atob(letters.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const fill = (form, values) => {
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  };

  const make = async (form, set) => {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(set.challenge),
        rp: { id: set.host, name: set.title },
        user: { id: bytes(set.person), name: set.user, displayName: set.user },
        pubKeyCredParams: [{ type: "public-key", alg: -8 }, { type: "public-key", alg: -7 }],
        excludeCredentials: set.known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: "none",
      },
    });
    fill(form, { client: text(made.response.clientDataJSON), attestation: text(made.response.attestationObject) });
  };

  const show = async (form, set) => {
    // With a name and a password, the passkey is what comes beside them; alone, the device must know who holds it.
    const typed = document.getElementById("by-password").elements;
    const beside = typed.password.value !== "";
    const shown = await navigator.credentials.get({
      publicKey: {
        challenge: bytes(set.challenge),
        rpId: set.host,
        allowCredentials: [],
        userVerification: beside ? "preferred" : "required",
      },
    });
    const said = shown.response;
    fill(form, {
      id: text(shown.rawId),
      client: text(said.clientDataJSON),
      data: text(said.authenticatorData),
      signature: text(said.signature),
      person: said.userHandle ? text(said.userHandle) : "",
      user: beside ? typed.user.value : "",
      password: beside ? typed.password.value : "",
    });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const told = form.querySelector("[role=status]");
      told.textContent = "";
      try {
        await (form.dataset.passkey === "make" ? make : show)(form, form.dataset);
        form.submit();
      } catch (fault) {
        const there = fault.name === "InvalidStateError" && form.dataset.there;
        told.textContent =
          there || form.dataset.none || "The browser gave no passkey. Try again, or log in another way.";
      }
    });
  }
})();
