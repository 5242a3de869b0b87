import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../../../test/fixtures/local-database.ts";
import { addressGroup, isLoopbackAddress } from "./address.ts";
import { createFailureLimiter } from "./failure-limiter.ts";

test("a burst is free, then time has to pass, for each address by itself", () => {
  const clock = handClock();
  const limiter = createFailureLimiter({ burst: 3, perSecond: 0.5, clock });
  const fail = (address = "192.0.2.1"): number | undefined => limiter.fail(address);
  assert.deepEqual([fail(), fail(), fail(), fail(), fail()], [undefined, undefined, undefined, 2, 2]);
  assert.equal(fail("192.0.2.2"), undefined);
  clock.time += 1000;
  assert.equal(fail(), 1);
  clock.time += 1000;
  assert.deepEqual([fail(), fail()], [undefined, 2]);
  clock.time += 3_600_000;
  assert.deepEqual([fail(), fail(), fail(), fail()], [undefined, undefined, undefined, 2]);
  clock.time -= 3_600_000;
  assert.equal(fail(), 2, "a clock that was set back gives nothing");
});

test("memory is bounded: the address that failed longest ago is forgotten", () => {
  const limiter = createFailureLimiter({ burst: 1, perSecond: 1, clock: handClock(), addresses: 2 });
  assert.equal(limiter.fail("a"), undefined);
  assert.equal(limiter.fail("b"), undefined);
  assert.equal(limiter.fail("a"), 1);
  assert.equal(limiter.fail("c"), undefined);
  assert.equal(limiter.fail("a"), 1);
  assert.equal(limiter.fail("b"), undefined);
});

test("an IPv6 address counts with its /64, a mapped one as IPv4", () => {
  const table: [string, string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ];
  for (const [address, group] of table) assert.equal(addressGroup(address), group, address);
  for (const [address, isOurs] of [
    ["127.0.0.1", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["::2", false],
    ["10.0.0.1", false],
  ] as const)
    assert.equal(isLoopbackAddress(address), isOurs, address);
});
