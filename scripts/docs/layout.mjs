// Lays out graphs by ELK: a list of them in its JSON format on standard input, the same list with places on output.
import { readFileSync } from "node:fs";
import ELK from "elkjs";

const elk = new ELK();
const laidOut = [];
for (const graph of JSON.parse(readFileSync(0, "utf8"))) laidOut.push(await elk.layout(graph));
console.log(JSON.stringify(laidOut));
