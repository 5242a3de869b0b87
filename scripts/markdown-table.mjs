// A table in Markdown whose cells are any text.

export const markdownTable = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escaped).join(" | ")} |\n`).join("");

const escaped = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
