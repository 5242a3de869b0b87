/** Partial responses: `fields=nextPageToken,items(name,size)`; https://cloud.google.com/storage/docs/json_api#partial-response */
import { invalid } from "./api-error.ts";

/** Names to keep, each with what to keep of it; an empty one keeps all. */
type Selection = Map<string, Selection>;

export function selectFields(document: unknown, fields: string | undefined): unknown {
  return fields === undefined ? document : kept(document, parse(fields));
}

function kept(value: unknown, selection: Selection): unknown {
  if (selection.size === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => kept(item, selection));
  const members = Object.entries(value).flatMap(([name, member]) => {
    const chosen = selection.get(name);
    return chosen === undefined ? [] : [[name, kept(member, chosen)] as const];
  });
  return Object.fromEntries(members);
}

function parse(text: string): Selection {
  const words = text.match(/[A-Za-z0-9]+|[(),]/g) ?? [];
  if (words.join("") !== text) throw invalid(`Invalid field selection ${text}`);
  const list = (): Selection => {
    const selection: Selection = new Map();
    do {
      const name = words.shift() ?? "";
      if (!/^[A-Za-z0-9]+$/.test(name)) throw invalid(`Invalid field selection ${text}`);
      const inner = words[0] === "(" ? (words.shift(), list()) : new Map();
      if (inner.size > 0 && words.shift() !== ")") throw invalid(`Invalid field selection ${text}`);
      selection.set(name, inner);
    } while (words[0] === "," && words.shift() === ",");
    return selection;
  };
  const selection = list();
  if (words.length > 0) throw invalid(`Invalid field selection ${text}`);
  return selection;
}
