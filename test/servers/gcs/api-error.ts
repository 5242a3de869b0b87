/** Refusals as Google's error documents have them: https://cloud.google.com/storage/docs/json_api/v1/status-codes */

export interface ApiError extends Error {
  readonly status: number;
  readonly reason: string;
}

export function apiError(status: number, reason: string, message: string): ApiError {
  return Object.assign(new Error(message), { status, reason });
}

export const isApiError = (error: unknown): error is ApiError => error instanceof Error && "reason" in error;

export const notThere = {
  bucket: (): ApiError => apiError(404, "notFound", "The specified bucket does not exist."),
  object: (bucket: string, name: string): ApiError =>
    apiError(404, "notFound", `No such object: ${bucket}/${name}`),
};

export const conditionNotMet = (): ApiError =>
  apiError(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");

export const invalid = (message: string): ApiError => apiError(400, "invalid", message);

export function errorDocument({ status, reason, message }: ApiError): string {
  const domain = reason.endsWith("LimitExceeded") ? "usageLimits" : "global";
  return JSON.stringify({ error: { code: status, message, errors: [{ message, domain, reason }] } });
}
