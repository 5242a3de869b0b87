import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createThrottle } from "./throttle.ts";

test("sends at once, then once in each interval while there is a wish, the last one included", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const send = mock.fn();
  const throttle = createThrottle(100, send);
  const sent = (): number => send.mock.callCount();
  throttle.touch();
  assert.equal(sent(), 1);
  for (let i = 0; i < 5; i++) throttle.touch();
  assert.equal(sent(), 1);
  context.mock.timers.tick(100);
  assert.equal(sent(), 2);
  context.mock.timers.tick(1000);
  assert.equal(sent(), 2);
  throttle.touch();
  throttle.touch();
  assert.equal(sent(), 3);
  throttle.cancel();
  context.mock.timers.tick(1000);
  assert.equal(sent(), 3);
});
