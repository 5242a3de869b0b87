/** The folder `reports` that the commands in the documents work on. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";

export function makeSampleFolder(parent: string): void {
  const folder = `${parent}/reports`;
  for (const name of ["2026/raw", "logs", "empty"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  for (const quarter of [1, 2, 3, 4])
    writeFileSync(`${folder}/2026/q${quarter}.csv`, `customer,amount\n${quarter},100\n`);
  writeFileSync(`${folder}/2026/raw/measured.bin`, mixedBytes(1024 * 1024, "measured"));
  writeFileSync(`${folder}/logs/application.log`, "ready\n".repeat(1000));
  symlinkSync("application.log", `${folder}/logs/latest`);
  linkSync(`${folder}/2026/q4.csv`, `${folder}/newest.csv`);
  writeFileSync(`${folder}/read me.txt`, "figures of the year\n");
}
