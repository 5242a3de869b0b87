/** Packs one part of a tar: what small files cost is decided here, so it writes headers straight into the frame. */
import { bytesOf } from "../byte-string.ts";
import type { PlannedEntry } from "../entry.ts";
import type { PartEncoder } from "../ports/format.ts";
import { secondsOf } from "../seconds.ts";
import { frameSize, FrameWriter } from "./frame-writer.ts";
import type { FrameCodec } from "./frame-writer.ts";
import { nameSize, recordSize, writeHeader } from "./header.ts";
import type { HeaderFields } from "./header.ts";
import { beginsHere, padding, paddingOf, typeFlag } from "./layout.ts";

/** Makes the encoder of one part; `codec` is all in which tar, tar.gz and tar.zst differ. */
export function createTarPartEncoder(codec: FrameCodec, sink: (bytes: Uint8Array) => void): PartEncoder {
  const frames = new FrameWriter(codec, sink);
  /** For the rare header that straddles two frames: only where a part begins inside a file of odd length. */
  const scratch = new Uint8Array(recordSize);
  let current: PlannedEntry | undefined;

  function header(fields: HeaderFields): void {
    if (frames.position === frameSize) frames.space();
    if (frames.position + recordSize <= frameSize) {
      writeHeader(frames.buffer, frames.position, fields);
      frames.position += recordSize;
    } else {
      writeHeader(scratch, 0, fields);
      frames.write(scratch);
    }
  }

  function longName(name: string, type: number): void {
    header({ ...longLink, type, size: name.length + 1 });
    frames.write(bytesOf(name));
    frames.zeros(1 + padding(name.length + 1));
  }

  return {
    begin(entry) {
      current = entry;
      if (!beginsHere(entry)) return frames.offset;
      const type = typeFlag(entry.type);
      if (type === undefined) throw new TypeError(`a tar holds no ${entry.type}`);
      const link = entry.linkTarget ?? "";
      if (link.length > nameSize) longName(link, longLinkType);
      if (entry.path.length > nameSize) longName(entry.path, longNameType);
      header({
        name: entry.path,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        size: entry.type === "file" ? entry.size : 0,
        mtime: secondsOf(entry.mtime),
        type,
        link,
        major: entry.rdev?.major,
        minor: entry.rdev?.minor,
      });
      return frames.offset;
    },
    space() {
      return frames.space();
    },
    filled(length) {
      frames.position += length;
    },
    end() {
      if (current !== undefined) frames.zeros(paddingOf(current));
      current = undefined;
      return undefined;
    },
    finish() {
      return frames.finish();
    },
  };
}

/** GNU tar's own fields for a record that carries a long name or link target. */
const longLink: HeaderFields = {
  name: "././@LongLink",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  type: 0,
  link: "",
  major: undefined,
  minor: undefined,
};
const longLinkType = 0x4b;
const longNameType = 0x4c;
