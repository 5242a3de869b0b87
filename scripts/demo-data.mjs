// Makes the sample data of the demo in the folder that is named: about 300 MB of text logs, random files, links and
// odd names, the same bytes on every machine.
import { createCipheriv, createHash } from "node:crypto";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";

const MIB = 2 ** 20;
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node scripts/demo-data.mjs FOLDER");

const text = logText(8 * MIB);
const day = (number) => `${folder}/logs/2026-01-${String(number + 1).padStart(2, "0")}`;
mkdirSync(`${folder}/logs`, { recursive: true });
for (let i = 0; i < 30; i++) {
  mkdirSync(day(i));
  for (let j = 0; j < 50; j++) {
    const start = ((i * 50 + j) * 4_999_999) % (text.length - 128 * 1024);
    const name = `${day(i)}/service-${String(j).padStart(2, "0")}.log`;
    writeFileSync(name, text.subarray(start, start + 128 * 1024));
  }
}

mkdirSync(`${folder}/images`);
for (let i = 0; i < 8; i++) writeFileSync(`${folder}/images/${i}.raw`, randomBytes(`image ${i}`, 8 * MIB));
writeFileSync(`${folder}/database.dump`, randomBytes("database", 48 * MIB));

mkdirSync(`${folder}/tickets`);
for (let i = 0; i < 1000; i++) writeFileSync(`${folder}/tickets/${i}.json`, `{"ticket":${i},"open":true}\n`);

linkSync(`${folder}/database.dump`, `${folder}/database-of-today.dump`);
symlinkSync("logs/2026-01-30/service-00.log", `${folder}/latest.log`);
mkdirSync(`${folder}/odd names/empty folder`, { recursive: true });
const oddNames = [
  "-rf",
  " leading space",
  "new\nline",
  "quote \" and ' and $HOME",
  "Übergrößenträger",
  "x".repeat(255),
];
for (const name of oddNames) writeFileSync(`${folder}/odd names/${name}`, "odd\n");
makeStrayByte();

/** Not every file system takes a name that is not valid UTF-8. */
function makeStrayByte() {
  const name = Buffer.from(`${folder}/odd names/stray byte \xff`, "latin1");
  try {
    writeFileSync(name, "odd\n");
  } catch (error) {
    if (error.code !== "EILSEQ" && error.code !== "EINVAL") throw error;
  }
}

/** The key stream of a cipher: as good as random to a compressor, and known from its seed. */
function randomBytes(seed, length) {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

function logText(length) {
  const words = ["ready", "queued", "slow", "retried", "timeout", "accepted", "closed", "flushed"];
  const random = randomBytes("log", length / 8);
  const lines = [];
  let size = 0;
  for (let i = 0; size < length; i += 4) {
    const number = random.readUInt32LE(i % (random.length - 4));
    const line = `2026-01-01T00:00:00.${String(i % 1000).padStart(3, "0")}Z request ${number.toString(36)} ${words[number & 7]} in ${number % 977} ms\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join(""));
}
