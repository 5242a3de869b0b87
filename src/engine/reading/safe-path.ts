/** Whether a path of the index stays in the folder that it is meant for. Indexes come from strangers. */

/** Relative, without empty, "." and ".." components and without NUL; a directory's may end in "/". */
export function isSafePath(path: string): boolean {
  if (path === "" || path.includes("\0")) return false;
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return !oddComponent.test(bare);
}

const oddComponent = /(?:^|\/)\.{0,2}(?:\/|$)/;
