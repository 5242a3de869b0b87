/** The programs by which others read our archives; each must do it without a remark, or it is skipped for its absence. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Reader {
  readonly program: string;
  /** Of the archive's file; what it prints on standard output is returned. */
  readonly args: (file: string) => readonly string[];
  /** Whether it leaves the tree in its working directory. */
  readonly extracts: boolean;
  /** Whether it reads the archive from standard input instead. */
  readonly stdin?: boolean;
  readonly locales: readonly string[];
}

const both = ["C", "C.UTF-8"];
const utf8 = ["C.UTF-8"];
const readTar = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    for member in archive:
        if member.isreg(): assert len(archive.extractfile(member).read()) == member.size
`;
const readZip = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(len(archive.infolist()))
`;

const tarReaders = (flag: string): Reader[] => [
  { program: "tar", args: (file) => [`-x${flag}pf`, file], extracts: true, locales: both },
  { program: "bsdtar", args: (file) => ["-xpf", file], extracts: true, locales: both },
  { program: "bsdtar", args: () => ["-tf", "-"], extracts: false, stdin: true, locales: both },
];
/** From a file: its reader of streams stops after the first member of a gzip. */
const python: Reader = {
  program: "python3",
  args: (file) => ["-c", readTar, file],
  extracts: false,
  locales: both,
};

/** Readers of each format, by the archive's extension. */
export const readers: Record<string, readonly Reader[]> = {
  tar: [...tarReaders(""), python],
  "tar.gz": [
    ...tarReaders("z"),
    python,
    { program: "gzip", args: (file) => ["-t", file], extracts: false, locales: utf8 },
  ],
  "tar.zst": [
    { program: "tar", args: (file) => ["--zstd", "-xpf", file], extracts: true, locales: both },
    ...tarReaders("").slice(1),
    { program: "zstd", args: (file) => ["-qt", file], extracts: false, locales: utf8 },
  ],
  zip: [
    // -^ leaves a newline in a name as it is.
    { program: "unzip", args: (file) => ["-qq^", file], extracts: true, locales: utf8 },
    { program: "unzip", args: (file) => ["-tqq", file], extracts: false, locales: both },
    { program: "bsdtar", args: (file) => ["-xpf", file], extracts: true, locales: utf8 },
    { program: "bsdtar", args: () => ["-tf", "-"], extracts: false, stdin: true, locales: utf8 },
    { program: "python3", args: (file) => ["-c", readZip, file], extracts: false, locales: both },
  ],
};

/** Whether the program can be started at all. */
export function isPresent(program: string): boolean {
  const flag = program === "unzip" ? "-v" : "--version";
  return spawnSync(program, [flag], { stdio: "ignore" }).error === undefined;
}

/** What a reader said of the archive; it ran in `folder`. */
export function run(reader: Reader, archive: { bytes: Uint8Array; folder: string; locale: string }) {
  const file = join(archive.folder, "..", "archive");
  writeFileSync(file, archive.bytes);
  const env = { ...process.env, LC_ALL: archive.locale, TZ: "UTC" };
  const input = reader.stdin === true ? { input: archive.bytes } : {};
  const result = spawnSync(reader.program, reader.args(file), { cwd: archive.folder, env, ...input });
  return { status: result.status, said: String(result.stderr), printed: String(result.stdout) };
}
