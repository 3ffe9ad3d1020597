// CSV, read and written (RFC 4180); and in which order the rows of answers stand. Nothing of the page is in here.

/** The rows of a CSV file, each a list of cells; commas, semicolons or tabs, whichever the first line has most of. */
export function readCsv(text) {
  const source = text.replace(/^\ufeff/, "");
  const first = source.slice(0, source.search(/[\r\n]|$/));
  const [comma] = [",", ";", "\t"].sort((a, b) => first.split(b).length - first.split(a).length);
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < source.length; i += 1) {
    const sign = source[i];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (source[i + 1] === '"') (cell += '"'), (i += 1);
      else quoted = false;
    } else if (sign === '"' && !cell) quoted = true;
    else if (sign === comma || sign === "\n" || sign === "\r") {
      if (sign === "\r" && source[i + 1] === "\n") continue;
      row.push(cell);
      cell = "";
      if (sign !== comma) rows.push(row), (row = []);
    } else cell += sign;
  }
  if (cell || row.length) rows.push([...row, cell]);
  return rows.filter((cells) => cells.some((each) => each.trim()));
}

/** One line of CSV. A cell that a spreadsheet would run as a formula gets an apostrophe, as the API's own export does. */
const line = (cells) => cells.map((cell) => `"${String(cell ?? "").replace(/^(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r])/, "'").replaceAll('"', '""')}"`).join(",") + "\r\n";

/** A file of rows, each a list of cells. */
export const writeCsv = (rows) => new Blob(rows.map(line), { type: "text/csv" });

/** The rows that came in, with what the model and the person said of each beside them. */
export function withAnswers(names, labels, entries) {
  const head = [...names, "classification", "confidence", ...labels, "model", "judgement"];
  const cells = ({ row, text, reply, said }) => {
    const told = reply && !reply.care ? reply : null;
    const scores = labels.map((label) => told?.scores[label]);
    return [...names.map((_, i) => (row ?? [text])[i]), told?.classification, told?.confidence, ...scores, told?.model, said];
  };
  return [head, ...entries.map(cells)];
}

/** Probably the column of the texts: the one whose cells are longest. */
export function longestColumn([, ...rows]) {
  const lengths = (rows[0] ?? []).map((_, i) => rows.reduce((sum, row) => sum + (row[i]?.length ?? 0), 0));
  return Math.max(0, lengths.indexOf(Math.max(...lengths)));
}

/** Sorts answers by `key`: "sure" has the least sure first, and what has no answer yet at the end. */
export function sorted(entries, key, descending) {
  const value = { order: ({ order }) => order, text: ({ text }) => text, label: ({ reply }) => reply?.classification ?? "", sure: ({ reply }) => (reply?.care ? 2 : reply?.confidence ?? 2) }[key];
  const sign = descending ? -1 : 1;
  return [...entries].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || a.order - b.order;
  });
}
