/** The Ed25519 keys that sign grants. A new one signs at once; old ones stay until the last grant that they signed has ended. */
export interface GrantKeys {
  /** PKCS #8 PEM of the key that signs now, and its id. */
  current(): { readonly keyId: string; readonly privateKey: string };
  /** SubjectPublicKeyInfo PEM by key id: everything that may still be checked with. */
  publicKeys(): ReadonlyMap<string, string>;
  /** Makes the next key; the id of it. */
  rotate(): string;
  /** Told before a grant is signed, so that the key outlives it. Milliseconds since 1970. */
  keepUntil(keyId: string, expiresAt: number): void;
}
