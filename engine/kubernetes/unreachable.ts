import { UnreachableError } from "./api-error.ts";

const NOT_SENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the host's name can't be looked up",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to the network",
  UND_ERR_CONNECT_TIMEOUT: "the host does not answer",
};

const SENT: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: "it does not answer in time",
  UND_ERR_BODY_TIMEOUT: "its answer broke off",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  UND_ERR_SOCKET: "it closed the connection",
  UND_ERR_INFO: "it closed the connection",
};

/** TLS failures that come again every time. */
const UNTRUSTED = /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_VERIFY|SELF_SIGNED/;

/** A failure below HTTP, in words. `connected`: whether a connection could be tried at all. */
export function toUnreachable(server: string, error: unknown, connected: boolean): UnreachableError {
  const code = codeOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (!connected) return new UnreachableError(server, code, detail, { sent: false, lasting: true }, options);
  if (UNTRUSTED.test(code)) {
    const reason = `its certificate is not accepted (${code}: ${detail})`;
    return new UnreachableError(server, code, reason, { sent: false, lasting: true }, options);
  }
  const notSent = Object.hasOwn(NOT_SENT, code) ? NOT_SENT[code] : undefined;
  if (notSent !== undefined) {
    return new UnreachableError(server, code, `${notSent} (${code})`, { sent: false, lasting: false }, options);
  }
  const reason = (Object.hasOwn(SENT, code) ? SENT[code] : undefined) ?? detail;
  return new UnreachableError(
    server,
    code,
    code === "" ? reason : `${reason} (${code})`,
    { sent: true, lasting: false },
    options,
  );
}

/** The innermost code: undici and Node wrap failures in each other. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const inner = error.cause === undefined ? "" : codeOf(error.cause);
  if (inner !== "") return inner;
  const members = error instanceof AggregateError ? error.errors.map(codeOf).find((code) => code !== "") : undefined;
  const own = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return members ?? own ?? "";
}
