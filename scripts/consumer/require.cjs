// As import.mjs, through require().
const module_ = require(process.argv[2])
console.log(JSON.stringify({ names: Object.keys(module_), resources: process.getActiveResourcesInfo() }))
