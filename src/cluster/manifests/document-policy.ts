/** Who may make or change our documents: the list of domain/cluster-permission.ts as an admission policy. */
import { type NamedObject, namedObjects, sufficientRight } from "../../domain/cluster-permission.ts";
import { apiGroup, kinds } from "../../domain/resources/resource.ts";
import { type AdmissionRule, admissionPolicy } from "./admission-policy.ts";
import { quoted } from "./cel.ts";
import { gatewayUser, operatorUser } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";

/** In whose name a document was made, where the gateway made it for somebody whom only it knows. */
const requestedBy = "longshore.dev/requested-by";

export function documentPolicy(namespace: string): readonly Manifest[] {
  return admissionPolicy({
    name: "longshore-documents",
    resourceRules: [
      {
        apiGroups: [apiGroup],
        resources: Object.values(kinds).map(({ plural }) => plural),
        operations: ["CREATE", "UPDATE"],
      },
    ],
    matchConditions: [],
    variables: {
      // Untyped: the fields of one kind are none of another.
      spec: "dyn(object).spec",
      // Labels, finalizers and the like name nothing.
      names: "request.operation == 'CREATE' || dyn(object).spec != dyn(oldObject).spec",
      sufficient: `authorizer${check(sufficientRight)}.allowed()`,
      requestedBy: annotationOf("object"),
      requestedBefore: `request.operation == 'CREATE' ? '' : ${annotationOf("oldObject")}`,
    },
    validations: [
      ...uniqueObjects().map(ruleOf),
      {
        // Its right to try out pods would else be enough for everything above.
        expression: `!variables.names || request.userInfo.username != ${quoted(operatorUser(namespace))}`,
        message: "spec: the operator may not say what is wanted",
      },
      {
        expression: `variables.requestedBy == variables.requestedBefore || request.userInfo.username == ${quoted(gatewayUser(namespace))}`,
        message: `metadata.annotations: ${requestedBy} is for the gateway alone to set`,
      },
    ],
  });
}

/** No field of one kind means another thing in another. */
const uniqueObjects = (): readonly NamedObject[] => [
  ...new Map(
    Object.values(namedObjects)
      .flat()
      .map((named) => [named.field, named]),
  ).values(),
];

const annotationOf = (object: string): string =>
  `dyn(${object}).metadata.?annotations[?${quoted(requestedBy)}].orValue('')`;

function ruleOf(named: NamedObject): AdmissionRule {
  const { field, noun, verb, resource, subresource } = named;
  const what = [resource, subresource].filter((part) => part !== undefined).join("/");
  const [list, member] = field.split("[].");
  const allowed = (name: string): string => `authorizer${check(named, name)}.allowed()`;
  const expression =
    member === undefined
      ? `${optional(field)}.optMap(name, ${allowed("name")}).orValue(true)`
      : `${optional(list ?? "")}.orValue([]).all(each, ${allowed(`each.${member}`)})`;
  const shown = member === undefined ? `' ' + ${optional(field)}.orValue('')` : "' that it names'";
  return {
    expression: `!variables.names || variables.sufficient || ${expression}`,
    messageExpression:
      `${quoted(`${field}: `)} + request.userInfo.username + ${quoted(` may not use the ${noun}`)} + ${shown} + ` +
      quoted(`: it takes the verb ${verb} on ${what}, or the right to create pods in this namespace`),
  };
}

/** "spec.a.b" as `variables.spec.?a.?b`. */
const optional = (field: string): string =>
  field
    .split(".")
    .map((name, i) => (i === 0 ? `variables.${name}` : `?${name}`))
    .join(".");

interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

/** The calls on `authorizer` that ask whether the caller has a right in the namespace of the request. */
function check({ group, resource, subresource, verb }: Right, name?: string): string {
  const calls = [
    `group(${quoted(group)})`,
    `resource(${quoted(resource)})`,
    ...(subresource === undefined ? [] : [`subresource(${quoted(subresource)})`]),
    "namespace(request.namespace)",
    ...(name === undefined ? [] : [`name(${name})`]),
    `check(${quoted(verb)})`,
  ];
  return calls.map((call) => `.${call}`).join("");
}
