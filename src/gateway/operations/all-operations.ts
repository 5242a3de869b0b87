/** Every operation of the REST interface. */
import type { GatewayDependencies, GatewayLimits } from "../dependencies.ts";
import type { GatewayState } from "../state.ts";
import { administrationOperations } from "./administration.ts";
import { destinationOperations } from "./destinations.ts";
import { eventOperations } from "./events.ts";
import { exportOperations } from "./exports.ts";
import { fileOperations } from "./files.ts";
import { grantOperations } from "./grants.ts";
import type { Operation } from "./operation.ts";

export function allOperations(
  dependencies: GatewayDependencies,
  state: GatewayState,
  limits: GatewayLimits,
): readonly Operation[] {
  return [
    ...exportOperations(dependencies),
    ...eventOperations(dependencies, limits),
    ...fileOperations(dependencies, state),
    ...grantOperations(dependencies, state),
    ...destinationOperations(dependencies),
    ...administrationOperations(dependencies),
  ];
}
