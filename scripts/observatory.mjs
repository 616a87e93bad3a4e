// Lets the MDN HTTP Observatory look at a site of this machine: node observatory.mjs FOLDER NAME HTTP_PORT HTTPS_PORT
// FOLDER has its npm package. What it finds is printed as JSON.
//
// The scanner takes a name and asks at the usual ports. Here that name leads to 127.0.0.1 and the ports given, and
// nothing else can be connected to.
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, name, ...ports] = process.argv.slice(2);
const local = { 80: Number(ports[0]), 443: Number(ports[1]) };
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (options.host !== name || !local[options.port]) {
    throw new Error(`Not to be asked: ${options.host}:${options.port}`);
  }
  Object.assign(options, { host: "127.0.0.1", port: local[options.port] });
  return connect.apply(this, given);
};

const main = path.join(path.resolve(folder), "node_modules/@mdn/mdn-http-observatory/src/index.js");
const { scan } = await import(pathToFileURL(main));
const found = await scan(name);
const failed = Object.entries(found.tests).filter(([, test]) => !test.pass);
console.log(
  JSON.stringify({
    grade: found.scan.grade,
    score: found.scan.score,
    passed: found.scan.testsPassed,
    tests: found.scan.testsQuantity,
    failed: failed.map(([key, test]) => `${key}: ${test.scoreDescription}`),
  }),
);
