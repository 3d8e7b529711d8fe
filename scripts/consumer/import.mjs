// Imports one module as a user's program would, and says what it got. It never calls process.exit: the process must end by itself.
const module = await import(process.argv[2])
console.log(JSON.stringify({ names: Object.keys(module), resources: process.getActiveResourcesInfo() }))
