/** A certificate of its own authority for a server of a test on this machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectExit, run } from "../fixtures/run.ts";

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** For 127.0.0.1; the files are made in `folder`. Needs openssl. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  expectExit(await run("openssl", [...made, ...subject, "-keyout", key, "-out", cert]), 0);
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}
