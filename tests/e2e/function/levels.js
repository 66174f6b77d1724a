// Prints in every way Node.js knows. What stands behind `want:` is the level the line has to get, or `none`.
console.log("at init want:info");
process.stdout.write("written at init want:none\n");

class OutOfStock extends Error {}

exports.handler = async (event) => {
  if (event.fail) throw new OutOfStock("not handled want:error");
  console.trace("traced want:trace");
  console.debug("looking want:debug");
  console.log("an ERROR that is none want:info");
  console.info("loaded want:info");
  console.warn("slow want:warn");
  console.error("not found want:error");
  console.fatal("out of disk want:fatal");
  console.log("%s of %d want:info", "three", 4, { level: "error" });
  console.log({ message: "an object want:info", level: "error" });
  console.error(new OutOfStock("an error object want:error"));
  console.error("with an error object want:error", new OutOfStock("nothing left"));
  console.info("first line want:info\nERROR in the second line of one message");
  process.stdout.write("written want:none\n");
  process.stdout.write('{"level":40,"msg":"as pino does want:warn"}\n');
  process.stdout.write('{"level":"error","message":"as winston does want:error"}\n');
  process.stderr.write("to standard error want:none\n");
};
