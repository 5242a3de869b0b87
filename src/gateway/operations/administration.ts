/** Tokens, the audit, the keys of grants, and who one is. */
import { z } from "zod";
import { AuditList, CreatedToken, RotatedKey, TokenList, TokenRequest, Whoami } from "../../api/documents.ts";
import { routePath, routes } from "../../api/routes.ts";
import type { TokenStore } from "../../domain/ports/identity.ts";
import { NamespaceName, ResourceName } from "../../domain/resources/names.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { jsonType } from "../http/body.ts";
import { type Operation, operation } from "./operation.ts";
import { none, tokenNamed, wholeNumber } from "./parameters.ts";

const tag = "Administration";

export function administrationOperations(dependencies: GatewayDependencies): readonly Operation[] {
  const { audit, grantKeys, tokens } = dependencies;
  return [
    operation({
      id: "whoami",
      method: "GET",
      path: routes.whoami,
      tag,
      kind: "ApiToken",
      verb: undefined,
      params: none,
      query: none,
      summary: "Say whose token this is",
      answer: { status: 200, description: "The caller.", schema: Whoami, name: "Whoami" },
      perform: async ({ caller: { actor, role } }) => ({ status: 200, body: { actor, role } }),
    }),
    operation({
      id: "listAudit",
      method: "GET",
      path: routes.audit,
      tag,
      kind: "AuditRecord",
      verb: "administer",
      params: none,
      query: auditQuery,
      summary: "Read the audit, newest first",
      answer: { status: 200, description: "A page of records.", schema: AuditList, name: "AuditList" },
      perform: async ({ query }) => ({ status: 200, body: audit.list(query) }),
    }),
    operation({
      id: "rotateKey",
      method: "POST",
      path: routes.rotateKey,
      tag,
      kind: "GrantKey",
      verb: "administer",
      params: none,
      query: none,
      idempotent: true,
      summary: "Make the next key for grants",
      description: "It signs from now on. Grants that were signed before stay valid until they end.",
      answer: { status: 201, description: "The key's id.", schema: RotatedKey, name: "RotatedKey" },
      perform: async () => {
        const keyId = grantKeys.rotate();
        return { status: 201, body: { keyId }, record: { action: "rotate", kind: "GrantKey", name: keyId } };
      },
    }),
    ...(tokens === undefined ? [] : tokenOperations(tokens, dependencies)),
  ];
}

const auditQuery = z.strictObject({
  namespace: NamespaceName.optional(),
  name: ResourceName.optional().describe("Of an export, a grant, a destination or a token."),
  before: wholeNumber(1, 1e15).optional().describe("`next` of the page before."),
  limit: wholeNumber(1, 1000).default(100).describe("At most this many records."),
});

function tokenOperations(
  tokens: Pick<TokenStore, "create" | "list" | "revoke">,
  { clock }: Pick<GatewayDependencies, "clock">,
): readonly Operation[] {
  const kind = "ApiToken";
  return [
    operation({
      id: "listTokens",
      method: "GET",
      path: routes.tokens,
      tag,
      kind,
      verb: "administer",
      params: none,
      query: none,
      summary: "List the API tokens, without their secrets",
      answer: { status: 200, description: "All tokens.", schema: TokenList, name: "TokenList" },
      perform: async () => ({ status: 200, body: { items: tokens.list() } }),
    }),
    operation({
      id: "createToken",
      method: "POST",
      path: routes.tokens,
      tag,
      kind,
      verb: "administer",
      params: none,
      query: none,
      errors: ["AlreadyExists"],
      summary: "Make an API token",
      description:
        "The token is said this once and kept nowhere, so an Idempotency-Key can't give the answer again: " +
        "a second request of the same name is refused.",
      body: { schema: TokenRequest, name: "TokenRequest", mediaTypes: [jsonType] },
      answer: {
        status: 201,
        description: "The token.",
        schema: CreatedToken,
        name: "CreatedToken",
        headers: ["Location"],
      },
      perform: async ({ body: { name, role, expiresInSeconds } }) => {
        const expiresAt = expiresInSeconds === undefined ? undefined : clock.now() + expiresInSeconds * 1000;
        const { secret, ...token } = tokens.create({ name, role, expiresAt });
        return {
          status: 201,
          headers: { Location: routePath("token", { name }) },
          body: { ...token, token: secret },
          record: { action: "create", kind, name },
        };
      },
    }),
    operation({
      id: "deleteToken",
      method: "DELETE",
      path: routes.token,
      tag,
      kind,
      verb: "administer",
      params: tokenNamed,
      query: none,
      summary: "Take an API token back",
      answer: { status: 204, description: "It is gone." },
      perform: async ({ params: { name } }) => {
        tokens.revoke(name);
        return { status: 204, record: { action: "delete", kind, name } };
      },
    }),
  ];
}
