/** Reads the connection string that Azure's portal gives for a storage account. */
import { LongshoreError } from "../../../domain/errors.ts";

export interface ConnectionString {
  readonly account?: string | undefined;
  /** Of blob storage. */
  readonly endpoint?: string | undefined;
  readonly key?: string | undefined;
  readonly sas?: string | undefined;
}

/** Throws CredentialsInvalid, which says nothing of what it read. */
export function parseConnectionString(text: string): ConnectionString {
  const fields = fieldsOf(text);
  if (fields.get("usedevelopmentstorage")?.toLowerCase() === "true") return emulator;
  const account = fields.get("accountname");
  const endpoint = fields.get("blobendpoint") ?? endpointOf(account, fields);
  const [key, sas] = [fields.get("accountkey"), fields.get("sharedaccesssignature")];
  if (endpoint !== undefined && URL.canParse(endpoint) && (key ?? sas) !== undefined)
    return { account, endpoint, key, sas };
  throw new LongshoreError("CredentialsInvalid", "AZURE_STORAGE_CONNECTION_STRING is no connection string", {
    hint: "give it as the storage account's page of access keys shows it",
  });
}

/** By name in lower case; those without a value are left out. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const pair of text.split(";")) {
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 1).trim();
    if (equals > 0 && value !== "") fields.set(pair.slice(0, equals).trim().toLowerCase(), value);
  }
  return fields;
}

function endpointOf(account: string | undefined, fields: ReadonlyMap<string, string>): string | undefined {
  if (account === undefined) return undefined;
  const protocol = fields.get("defaultendpointsprotocol") ?? "https";
  return `${protocol}://${account}.blob.${fields.get("endpointsuffix") ?? "core.windows.net"}`;
}

/** Known to everyone: https://learn.microsoft.com/azure/storage/common/storage-use-emulator */
const emulator: ConnectionString = {
  account: "devstoreaccount1",
  endpoint: "http://127.0.0.1:10000/devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};
