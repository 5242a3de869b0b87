/** A ValidatingAdmissionPolicy with its binding: CEL that the API server itself evaluates before it keeps an object. */
import { systemLabels } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";

export interface AdmissionPolicy {
  readonly name: string;
  readonly resourceRules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly operations: readonly string[];
  }[];
  /** All must hold for the policy to have a say. */
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly variables: Readonly<Record<string, string>>;
  readonly validations: readonly AdmissionRule[];
}

/** One of `message` and `messageExpression`. */
export interface AdmissionRule {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
}

export function admissionPolicy(policy: AdmissionPolicy): readonly Manifest[] {
  const { name } = policy;
  const apiVersion = "admissionregistration.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name, labels: systemLabels },
      spec: {
        // What can't be evaluated is refused.
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: policy.resourceRules.map((rule) => ({ ...rule, apiVersions: ["*"] })),
        },
        ...(policy.matchConditions.length > 0 && { matchConditions: policy.matchConditions }),
        variables: Object.entries(policy.variables).map(([variable, expression]) => ({
          name: variable,
          expression,
        })),
        validations: policy.validations.map((rule) => ({ ...rule, reason: "Forbidden" })),
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name, labels: systemLabels },
      spec: { policyName: name, validationActions: ["Deny"] },
    },
  ];
}
