/** Variables of a process, as those are given them who may not look for themselves. */
export type Environment = Readonly<Record<string, string | undefined>>;
