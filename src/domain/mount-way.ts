/** How a place in a mounted volume is reached: the path of the mount, and the path in it, told apart as rsync does by "/./". */
const mark = "/./";

/** `mount` is an absolute path, `path` a relative one. */
export const wayIntoMount = (mount: string, path: string): string => `${mount}${mark}${path}`;

/** The mount that a way leads into; undefined where it is another kind of way. */
export function mountOf(reached: string): string | undefined {
  const end = reached.startsWith("/") ? reached.indexOf(mark) : -1;
  return end === -1 ? undefined : reached.slice(0, end);
}
