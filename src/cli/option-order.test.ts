import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "@commander-js/extra-typings";
import { inOrder } from "./option-order.ts";

const kind = (name: string) =>
  new Command(name)
    .option("-n, --namespace <NAME>", "")
    .option("--context <NAME>", "")
    .option("-o, --output <FORMAT>", "");
const get = new Command("get")
  .addCommand(kind("exports").alias("export").option("-A, --all-namespaces", "").option("-w, --watch", ""))
  .addCommand(kind("audit").option("--limit <N>", ""));
const create = new Command("create").option("-f, --file <FILE>", "").addCommand(kind("export"));
const local = new Command("verify").option("--json", "");
const program = new Command("longshore").addCommand(get).addCommand(create).addCommand(local);

const cases: readonly (readonly [line: string, ordered: string])[] = [
  ["get exports -n x", "get exports -n x"],
  ["-n x get exports", "get exports -n x"],
  ["get -n x exports a", "get exports -n x a"],
  ["--context c get -o wide export a -n x", "get exports --context c -o wide a -n x"],
  ["--namespace=x get --output=json exports", "get exports --namespace=x --output=json"],
  ["-nx get -Awojson exports", "get exports -nx -Awojson"],
  ["get -Awn exports exports a", "get exports -Awn exports a"],
  ["-n get get exports", "get exports -n get"],
  // Each is refused where it stands.
  ["get --limit 3 exports", "get --limit 3 exports"],
  ["get --unknown exports", "get --unknown exports"],
  ["--unknown get exports", "--unknown get exports"],
  ["create -f a.yaml export x", "create -f a.yaml export x"],
  ["-n x verify y", "verify y -n x"],
  ["-n x gte exports", "gte exports -n x"],
  ["get -n x pods", "get pods -n x"],
  // Without a kind.
  ["create -n x -f a.yaml", "create -n x -f a.yaml"],
  ["--context c create -f a.yaml", "create --context c -f a.yaml"],
  ["-n x", "-n x"],
  ["get -n", "get -n"],
  ["get -n x -- exports", "get -- exports -n x"],
  ["verify --json -n", "verify --json -n"],
  ["--help", "--help"],
  ["", ""],
];
for (const [line, ordered] of cases)
  test(`"${line}" is "${ordered}"`, () => {
    const words = line === "" ? [] : line.split(" ");
    assert.equal(inOrder(words, program).join(" "), ordered);
  });
