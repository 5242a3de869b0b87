/** Options before the verb or the kind, where kubectl takes them too, are put where they are read: behind the kind. */
import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** `-n team get -o wide exports` is `get exports -n team -o wide`. What a kind does not know stays before it, and is refused there. */
export function inOrder(words: readonly string[], program: CommandUnknownOpts): readonly string[] {
  const kinds = program.commands.flatMap(({ commands }) => commands);
  const first = leading(
    words,
    kinds.flatMap(({ options }) => options),
  );
  const verb = named(program.commands, first.rest[0]);
  if (verb === undefined || verb.commands.length === 0) return [...first.rest, ...wordsOf(first.given)];
  const second = leading(first.rest.slice(1), [
    ...verb.commands.flatMap(({ options }) => options),
    ...verb.options,
  ]);
  const given = [...first.given, ...second.given];
  const kind = named(verb.commands, second.rest[0]);
  if (kind === undefined) return [verb.name(), ...second.rest, ...wordsOf(given)];
  const isOfKind = ({ flag }: Given): boolean => kind.options.some(isOf(flag));
  return [
    verb.name(),
    ...wordsOf(given.filter((one) => !isOfKind(one))),
    kind.name(),
    ...wordsOf(given.filter(isOfKind)),
    ...second.rest.slice(1),
  ];
}

const named = (
  commands: readonly CommandUnknownOpts[],
  word: string | undefined,
): CommandUnknownOpts | undefined =>
  commands.find((command) => [command.name(), ...command.aliases()].some((name) => name === word));

interface Given {
  readonly flag: string;
  /** With its value. */
  readonly words: readonly string[];
}

const wordsOf = (given: readonly Given[]): string[] => given.flatMap(({ words }) => words);

/** The options of `known` with which `words` begin, and what comes after them. */
function leading(words: readonly string[], known: readonly Option[]) {
  const given: Given[] = [];
  let rest = words;
  for (;;) {
    const [word = ""] = rest;
    const flag = flagOf(word);
    if (!known.some(isOf(flag))) return { given, rest };
    const length = takesNextWord(word, known) ? 2 : 1;
    given.push({ flag, words: rest.slice(0, length) });
    rest = rest.slice(length);
  }
}

const isOf =
  (flag: string) =>
  ({ long, short }: Option): boolean =>
    flag === long || flag === short;

/** The first one of `-An`. */
const flagOf = (word: string): string =>
  word.startsWith("--") ? word.replace(/=.*/s, "") : word.slice(0, 2);

/** In `-An team` the last letter has a value, in `-nteam` the first. */
function takesNextWord(word: string, known: readonly Option[]): boolean {
  const flag = flagOf(word);
  const option = known.find(isOf(flag));
  if (option === undefined) return false;
  if (word === flag) return option.required;
  return !option.required && !word.startsWith("--") && takesNextWord(`-${word.slice(2)}`, known);
}
