import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { catalogue, type ErrorCode, LongshoreError } from "../domain/errors.ts";
import { errorOfProblem, fieldErrorsOf, pointerOf, Problem, problemOf } from "./problem.ts";

test("every error of the catalogue comes back as itself", () => {
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const error = new LongshoreError(code, `what of ${code}`, { hint: "do this" });
    const problem = problemOf(error);
    assert.deepEqual(Problem.parse(JSON.parse(JSON.stringify(problem))), problem);
    assert.equal(problem.status, catalogue[code].status);
    assert.equal(problem.type, `urn:longshore:error:${code}`);
    const back = errorOfProblem(problem.status, problem);
    assert.deepEqual([back?.code, back?.message, back?.hint], [code, error.message, "do this"]);
  }
});

test("titles are words, and the same for every error of a code", () => {
  assert.equal(problemOf(new LongshoreError("ResourceNotFound", "x")).title, "Resource not found");
  assert.equal(problemOf(new LongshoreError("Damaged", "x")).title, "Damaged");
});

test("fields are named by JSON pointers", () => {
  const schema = z.strictObject({ spec: z.strictObject({ "a/b~c": z.array(z.int()) }) });
  const { error } = schema.safeParse({ spec: { "a/b~c": [1, "x"] } });
  const fields = fieldErrorsOf(error as z.ZodError);
  assert.equal(fields[0]?.pointer, "/spec/a~1b~0c/1");
  assert.equal(pointerOf([]), "");
  const problem = problemOf(new LongshoreError("InvalidDocument", "it is wrong"), fields);
  assert.match(errorOfProblem(422, problem)?.message ?? "", /^it is wrong; \/spec\/a~1b~0c\/1: /);
});

test("what is no problem document is none", () => {
  for (const body of [undefined, null, "", 7, [], {}, { title: "x" }, { detail: 7 }])
    assert.equal(errorOfProblem(500, body), undefined, JSON.stringify(body));
});
