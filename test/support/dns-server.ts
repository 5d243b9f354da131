import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name has; a text with several parts is a list. */
export interface DnsRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: string;
  /** The primary server of a zone that begins here. */
  readonly SOA?: string;
  readonly TXT?: readonly (string | readonly string[])[];
}

/**
 * Name -> its records, or how a question about it goes wrong. `*.x` stands for the names below x that are not there
 * themselves.
 */
export type DnsZone = Readonly<Record<string, DnsRecords | "servfail" | "refused" | "silent" | "nonsense">>;

export interface DnsServer {
  /** `127.0.0.1:PORT`, as `--resolver` takes it. */
  readonly address: string;
  /** `TYPE name` of every question, in order. */
  readonly questions: readonly string[];
  /** What it answers from now on. */
  serve(zone: DnsZone): void;
  close(): Promise<void>;
}

const types: Readonly<Record<number, string>> = { 1: "A", 5: "CNAME", 6: "SOA", 16: "TXT", 28: "AAAA" };
const codes = { ok: 0, servfail: 2, noName: 3, refused: 5 } as const;

/** A resolver of names that exist nowhere else, on this machine's loopback: follows aliases as real resolvers do. */
export async function startDnsServer(initial: DnsZone): Promise<DnsServer> {
  let zone = initial;
  const questions: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    const { name, type, end } = readQuestion(message);
    questions.push(`${type} ${name}`);
    const reply = answer(zone, {
      name,
      type,
      id: message.readUInt16BE(0),
      question: message.subarray(12, end),
    });
    if (reply !== undefined) socket.send(reply, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    serve: (next) => {
      zone = next;
    },
    close: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function readQuestion(message: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = types[message.readUInt16BE(at + 1)] ?? "OTHER";
  return { name: labels.join(".").toLowerCase(), type, end: at + 5 };
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly question: Buffer;
}

function answer(zone: DnsZone, { id, name, type, question }: Question): Buffer | undefined {
  const records: Buffer[] = [];
  let code: number = codes.ok;
  for (let at = name, hops = 0; hops < 12; hops += 1) {
    const found = find(zone, at);
    if (found === "silent") return undefined;
    if (found === "nonsense") return Buffer.from("this is no DNS");
    if (found === "servfail" || found === "refused") {
      code = codes[found];
      break;
    }
    if (found === undefined) {
      code = isAbove(zone, at) ? codes.ok : codes.noName;
      break;
    }
    const own = encodeRecords(at, found, type);
    records.push(...own);
    if (own.length > 0 || found.CNAME === undefined) break;
    records.push(...encodeRecords(at, found, "CNAME"));
    at = found.CNAME;
  }
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function find(zone: DnsZone, name: string): DnsZone[string] | undefined {
  if (Object.hasOwn(zone, name)) return zone[name];
  if (isAbove(zone, name)) return undefined;
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
    const wildcard = `*${name.slice(dot)}`;
    if (Object.hasOwn(zone, wildcard)) return zone[wildcard];
  }
  return undefined;
}

/** A name with others below it is there, though it has no record itself. */
function isAbove(zone: DnsZone, name: string): boolean {
  return Object.keys(zone).some((other) => other.endsWith(`.${name}`));
}

function encodeRecords(name: string, records: DnsRecords, type: string): Buffer[] {
  switch (type) {
    case "A":
      return (records.A ?? []).map((ip) => encode(name, 1, Buffer.from(ip.split(".").map(Number))));
    case "AAAA":
      return (records.AAAA ?? []).map((ip) => encode(name, 28, encodeIPv6(ip)));
    case "CNAME":
      return records.CNAME === undefined ? [] : [encode(name, 5, encodeName(records.CNAME))];
    case "SOA":
      return records.SOA === undefined
        ? []
        : [
            encode(
              name,
              6,
              Buffer.concat([encodeName(records.SOA), encodeName(`hostmaster.${name}`), Buffer.alloc(20, 1)]),
            ),
          ];
    case "TXT":
      return (records.TXT ?? []).map((text) =>
        encode(name, 16, Buffer.concat([text].flat().map((part) => withLength(Buffer.from(part))))),
      );
    default:
      return [];
  }
}

function encode(name: string, type: number, data: Buffer): Buffer {
  const rest = Buffer.alloc(10);
  rest.writeUInt16BE(type, 0);
  rest.writeUInt16BE(1, 2);
  rest.writeUInt32BE(60, 4);
  rest.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), rest, data]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split(".").map((label) => withLength(Buffer.from(label))), Buffer.alloc(1)]);
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function encodeIPv6(ip: string): Buffer {
  const [left = "", right] = ip.split("::");
  const words = (text: string) =>
    text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(left), words(right ?? "")];
  const middle = right === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...before, ...middle, ...after].forEach((word, index) => bytes.writeUInt16BE(word, index * 2));
  return bytes;
}
