// A provider of log-ins (oidc-provider) for the test: one client, any person whose name is typed. Arguments: its port, where
// browsers go back to, the client's secret, and the folder with the packages. It tells each of its addresses in its metadata. Whose name begins
// with `strong` has shown a code beside the password, as its ID tokens say (`acr`, `amr`).
import { createRequire } from "node:module";
import { generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const [port, back, secret, packages, algorithm] = process.argv.slice(2);
const found = createRequire(`${packages}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found).href);
const key = (kind, options, alg, kid) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), alg, kid, use: "sig" });
const keys = [
  key("rsa", { modulusLength: 2048 }, "RS256", "rsa"),
  key("ec", { namedCurve: "P-256" }, "ES256", "ec"),
  key("ed25519", {}, "EdDSA", "ed"),
];
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "tower", client_secret: secret, redirect_uris: [back], response_types: ["code"], grant_types: ["authorization_code"], id_token_signed_response_alg: algorithm }],
  jwks: { keys },
  cookies: { keys: ["for the test alone"] },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  acrValues: ["urn:tower:mfa", "urn:tower:password"],
  claims: { openid: ["sub", "amr"], email: ["email", "email_verified"], profile: ["preferred_username"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@cert.example`, email_verified: id !== "eve", preferred_username: `${id}-name` }),
  }),
});
const finished = provider.interactionFinished.bind(provider);
provider.interactionFinished = (request, response, result, options) => {
  if (result.login) {
    const strong = result.login.accountId.startsWith("strong");
    Object.assign(result.login, strong ? { acr: "urn:tower:mfa", amr: ["pwd", "otp"] } : { acr: "urn:tower:password", amr: ["pwd"] });
  }
  return finished(request, response, result, options);
};
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
