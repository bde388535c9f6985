import { describe, expect, it } from "vitest";
import { describeDownload } from "../page/progress";
import { TransferRate } from "../page/transfer-rate";
import { duration, size } from "../page/words";

describe("rates", () => {
  it("does not count what was there at the start", () => {
    const rate = new TransferRate();
    rate.add(500, 0);
    expect(rate.perSecond).toBeNull();
    rate.add(700, 1000);
    expect(rate.perSecond).toBe(200);
  });

  it("forgets what is long ago", () => {
    const rate = new TransferRate();
    for (let second = 0; second <= 20; second++)
      rate.add(second < 10 ? 0 : 100 * second, second * 1000);
    expect(rate.perSecond).toBe(100);
  });

  it("knows no rate while nothing comes", () => {
    const rate = new TransferRate();
    rate.add(10, 0);
    rate.add(10, 5000);
    expect(rate.perSecond).toBeNull();
    expect(describeDownload(new TransferRate(), 1e6, 2e6)).toBe("1.0\u00a0MB of 2.0\u00a0MB");
  });

  it.each([
    [0, "0.0\u00a0MB"],
    [10_400_000, "10.4\u00a0MB"],
    [899_900_000, "900\u00a0MB"],
    [999_600_000, "1.00\u00a0GB"],
    [1_624_000_000, "1.62\u00a0GB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  it.each([
    [0.2, "1 s"],
    [89, "89 s"],
    [95, "2 min"],
    [7200, "2 h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
