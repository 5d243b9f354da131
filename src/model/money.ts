/**
 * The sum of prices, exactly as a person adds them on paper: 0.1 and 0.2 are 0.3. Prices are numbers as files write
 * them, with as many decimals as they like.
 */
export function sumMoney(amounts: readonly number[]): number {
  const parts = amounts.map(splitDecimal);
  const decimals = Math.max(0, ...parts.map((part) => part.decimals));
  const total = parts.reduce((sum, part) => sum + part.digits * 10n ** BigInt(decimals - part.decimals), 0n);
  return Number(`${total}e-${decimals}`);
}

/** The digits of a number as it is written shortest, and how many of them stand behind the point. */
function splitDecimal(amount: number): { readonly digits: bigint; readonly decimals: number } {
  const [mantissa = "0", exponent = "0"] = String(amount).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const decimals = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return decimals >= 0 ? { digits, decimals } : { digits: digits * 10n ** BigInt(-decimals), decimals: 0 };
}
