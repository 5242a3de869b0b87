/** Dates as HTTP has them (RFC 9110 section 5.6.7), to the second. */

/** IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". */
export function httpDate(date: Date): string {
  return date.toUTCString();
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const time = "(?<hours>[01]\\d|2[0-3]):(?<minutes>[0-5]\\d):(?<seconds>[0-5]\\d|60)";
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const month = `(?<month>${months.join("|")})`;

const forms = [
  new RegExp(`^${day}, (?<date>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDay}, (?<date>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  new RegExp(`^${day} ${month} (?<date>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/** Milliseconds since 1970, or undefined where it is no date in one of the three forms. `now` settles years of two digits. */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of forms) {
    const found = form.exec(text)?.groups;
    if (found !== undefined) return moment(found, now);
  }
  return undefined;
}

function moment(found: Readonly<Record<string, string>>, now: number): number | undefined {
  const { year = "", month: name = "", date, hours, minutes, seconds } = found;
  const moment = new Date(0);
  const fullYear = year.length === 2 ? yearOf(Number(year), now) : Number(year);
  moment.setUTCFullYear(fullYear, months.indexOf(name), Number(date));
  // The 31st of April is not the 1st of May.
  if (moment.getUTCDate() !== Number(date)) return undefined;
  return moment.setUTCHours(Number(hours), Number(minutes), Number(seconds));
}

/** A year that seems to be more than 50 years ahead is the last one past with these digits. */
function yearOf(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + digits;
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
