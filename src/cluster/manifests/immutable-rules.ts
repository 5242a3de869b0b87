/** CEL rules by which an API server keeps the members of a spec that may not change after creation. */
import type { CelRule, StructuralSchema } from "./structural-schema.ts";

/** For all members but the mutable ones. */
export function immutableRules(spec: StructuralSchema, mutable: readonly string[]): readonly CelRule[] {
  return Object.entries(spec.properties ?? {})
    .filter(([name]) => !mutable.includes(name))
    .map(([name, member]) => ({
      rule: isQuantity(member) ? sameQuantity(name) : same(name),
      message: `spec.${name} can't be changed after creation`,
    }));
}

const isQuantity = (member: StructuralSchema): boolean => member["x-kubernetes-int-or-string"] === true;

/** Not `self.?name`: the size of an optional value is not known to the estimate of a rule's cost. */
const same = (name: string): string =>
  `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`;

/** "1Gi" and "1024Mi" are the same. What is no quantity is refused by another rule, whose sentence is the better one. */
const sameQuantity = (name: string): string =>
  `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || !isQuantity(string(self.${name})) || ` +
  `quantity(string(self.${name})).compareTo(quantity(string(oldSelf.${name}))) == 0)`;
