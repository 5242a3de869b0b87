/** Documents as a page of text: a title and a value a line, and the conditions as a table. */
import type { NotedEvent } from "../../../domain/ports/cluster-traces.ts";
import type { Condition } from "../../../domain/resources/condition.ts";
import type { ObjectMeta } from "../../../domain/resources/object-meta.ts";
import { age } from "../../duration.ts";
import { shown } from "./shown.ts";
import { table } from "./table.ts";

/** Lines without a value are left out; values are foreign text. */
export type Line = readonly [title: string, value: string | number | undefined];

export function pageOf(
  metadata: ObjectMeta,
  lines: readonly Line[],
  conditions: readonly Condition[] | undefined,
  now: number,
): string {
  const all: Line[] = [
    ["Name", metadata.name],
    ["Namespace", metadata.namespace],
    ["Labels", pairs(metadata.labels)],
    ["Annotations", pairs(metadata.annotations)],
    ["Made", timeText(metadata.creationTimestamp, now)],
    ["Being deleted", timeText(metadata.deletionTimestamp, now)],
    ...lines,
  ];
  const given = all.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...given.map(([title]) => title.length)) + 2;
  const text = given
    .map(([title, value = ""]) => `${`${title}:`.padEnd(width)}${shown(String(value))}\n`)
    .join("");
  return text + conditionsText(conditions, now);
}

function conditionsText(conditions: readonly Condition[] | undefined, now: number): string {
  if (conditions === undefined || conditions.length === 0) return "";
  const rows = table<Condition>(
    [
      { title: "CONDITION", value: ({ type }) => type },
      { title: "STATUS", value: ({ status }) => status },
      { title: "REASON", value: ({ reason }) => reason },
      { title: "SINCE", value: ({ lastTransitionTime }, time) => age(lastTransitionTime, time) },
      { title: "MESSAGE", value: ({ message }) => message },
    ],
    () => now,
  );
  return `\n${rows.lines(conditions)}`;
}

/** "" where there are none. */
export function eventsText(recorded: readonly NotedEvent[], now: number): string {
  if (recorded.length === 0) return "";
  const rows = table<NotedEvent>(
    [
      { title: "EVENT", value: ({ type }) => type },
      { title: "REASON", value: ({ reason }) => reason },
      { title: "LAST", value: ({ time }, at) => age(time, at) },
      { title: "TIMES", right: true, value: ({ count }) => String(count) },
      { title: "MESSAGE", value: ({ message }) => message },
    ],
    () => now,
  );
  return `\n${rows.lines(recorded)}`;
}

function pairs(record: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(record ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

/** "2026-01-31T12:00:00Z (5m ago)" */
export function timeText(time: string | undefined, now: number): string {
  if (time === undefined) return "";
  const distance = Date.parse(time) - now;
  const relative =
    distance > 0 ? `in ${age(new Date(now - distance).toISOString(), now)}` : `${age(time, now)} ago`;
  return `${time.replace(/\.\d+Z$/, "Z")} (${relative})`;
}
