// Checks the packages as their users get them: packed, installed with npm in an empty folder, imported, required and compiled.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const consumer = join(import.meta.dirname, 'consumer')
const folders = readdirSync(join(root, 'packages')).map(name => `packages/${name}`)
/** T55: third-party packages that one package may bring in, its optional peers left out. */
const maxDependencies = 12
/** The oldest and the newest compiler our declarations are promised to work with. */
const oldTypeScript = '5.9.3'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

interface Packed {
  readonly folder: string
  readonly tarball: string
  readonly files: readonly string[]
  readonly manifest: Manifest
}

const findings: string[] = []

function main(): void {
  const temp = mkdtempSync(join(tmpdir(), 'check-package-'))
  try {
    const packed = folders.map(folder => pack(folder, temp))
    for (const one of packed) checkFiles(one)
    for (const one of packed) checkManifest(one)
    for (const one of packed) checkInstalledAlone(one, temp)
    const all = installAll(packed, temp)
    const subpaths = packed.flatMap(subpathsOf)
    for (const subpath of subpaths) checkLoads(subpath, all)
    for (const command of packed.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))) {
      tool(`${command} --help`, join(all, 'node_modules/.bin', command), ['--help'], all)
    }
    checkCompiles(subpaths, all)
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
  for (const finding of findings) console.error(`✗ ${finding}`)
  console.log(`${folders.length} packages, ${findings.length} errors`)
  process.exitCode = findings.length > 0 ? 1 : 0
}

function pack(folder: string, temp: string): Packed {
  const { stdout } = run('pnpm', ['--silent', 'pack', '--json', '--pack-destination', temp], join(root, folder))
  const { filename, files } = JSON.parse(stdout) as { filename: string; files: { path: string }[] }
  const manifest = run('tar', ['-xOzf', filename, 'package/package.json'], temp).stdout
  if (/"(workspace|catalog):/.test(manifest))
    findings.push(`${folder}: the packed manifest still speaks of the workspace`)
  return { folder, tarball: filename, files: files.map(file => file.path), manifest: JSON.parse(manifest) as Manifest }
}

/** T56: what is packed is what is exported, what is in git below src/, and four files beside them. */
function checkFiles({ folder, files, manifest }: Packed): void {
  const tracked = run('git', ['ls-files', 'src'], join(root, folder)).stdout.trim().split('\n')
  const beside = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
  const expected = new Set([...tracked, ...beside])
  for (const file of files) {
    if (!expected.has(file) && !/^dist\/[\w.-]+\.(js|js\.map|d\.ts)$/.test(file))
      findings.push(`${folder}: packs ${file}`)
  }
  const targets = [...Object.values(manifest.exports), manifest.bin ?? {}].flatMap(target =>
    typeof target === 'string' ? target : Object.values(target),
  )
  for (const file of [...beside.slice(0, 3), ...targets.map(target => target.replace('./', ''))]) {
    if (!files.includes(file))
      findings.push(`${folder}: does not pack ${file}${file.startsWith('dist/') ? ' (pnpm build first)' : ''}`)
  }
  console.log(`✓ ${manifest.name}: ${files.length} files`)
}

function checkManifest({ folder, tarball, manifest }: Packed): void {
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (manifest.scripts?.[script]) findings.push(`${folder}: has an ${script} script`)
  }
  const bin = (name: string): string => join(root, 'node_modules/.bin', name)
  tool(`publint ${manifest.name}`, bin('publint'), ['run', tarball, '--strict'], root)
  tool(
    `attw ${manifest.name}`,
    bin('attw'),
    [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'],
    root,
  )
}

/** T55: few dependencies, no install scripts; and nothing but the main entry may be missing an optional peer. */
function checkInstalledAlone(one: Packed, temp: string): void {
  const { name, peerDependenciesMeta = {} } = one.manifest
  const folder = join(temp, `alone-${name}`)
  npmInstall(folder, [one.tarball])
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean; resolved?: string; optional?: boolean }>
  }
  const installed = Object.entries(lock.packages).filter(([path]) => path !== '' && path !== `node_modules/${name}`)
  const names = installed.map(([path]) => path.split('node_modules/').at(-1))
  console.log(`✓ ${name} alone brings in ${names.length}: ${names.join(', ')}`)
  if (names.length > maxDependencies) findings.push(`${name} brings in more than ${maxDependencies} packages`)
  for (const [path, { hasInstallScript, resolved }] of installed) {
    if (hasInstallScript) findings.push(`${name}: ${path} has an install script`)
    if (resolved && !/^https?:\/\/[^#]+\.tgz$/.test(resolved))
      findings.push(`${name}: ${path} does not come from a registry`)
  }
  for (const subpath of subpathsOf(one)) {
    const { status, stderr } = load(subpath, folder, 'import.mjs')
    const missing = /Cannot find package '([^']+)'/.exec(stderr)?.[1]
    const isExpected = subpath !== name && missing !== undefined && peerDependenciesMeta[missing]?.optional === true
    if (status !== 0 && !isExpected) findings.push(`${subpath}, with no optional peer installed: ${tail(stderr)}`)
  }
}

function installAll(packed: readonly Packed[], temp: string): string {
  const own = new Set(packed.map(({ manifest }) => manifest.name))
  const peers = packed
    .flatMap(({ manifest }) => Object.entries(manifest.peerDependencies ?? {}))
    .filter(([name]) => !own.has(name))
  const nodeTypes = JSON.parse(readFileSync(join(root, 'node_modules/@types/node/package.json'), 'utf8')) as {
    version: string
  }
  const folder = join(temp, 'all')
  npmInstall(folder, [
    ...packed.map(({ tarball }) => tarball),
    ...peers.map(([name, range]) => `${name}@${range}`),
    `@types/node@${nodeTypes.version}`,
    `typescript@${oldTypeScript}`,
  ])
  return folder
}

function checkLoads(subpath: string, folder: string): void {
  const results = ['import.mjs', 'require.cjs'].map(script => {
    const { status, stdout, stderr } = load(subpath, folder, script)
    if (status !== 0) {
      findings.push(`${script} ${subpath}: ${tail(stderr) || 'did not end by itself within 30 s'}`)
      return ''
    }
    const { names, resources } = JSON.parse(stdout) as { names: string[]; resources: string[] }
    const left = resources.filter(name => !/^(TTY|Pipe)Wrap$|^FSReqPromise$|^CloseReq$/.test(name))
    if (stderr) findings.push(`${script} ${subpath} prints: ${tail(stderr)}`)
    if (left.length > 0) findings.push(`${script} ${subpath} leaves ${left.join(', ')} behind`)
    return names.sort().join()
  })
  if (results[0] !== results[1]) findings.push(`${subpath}: import gives ${results[0]}, require() gives ${results[1]}`)
  console.log(`✓ ${subpath}: imported and required`)
}

function load(subpath: string, folder: string, script: string): ReturnType<typeof run> {
  for (const file of [script, 'sandbox.mjs']) copyFileSync(join(consumer, file), join(folder, file))
  return run(process.execPath, ['--import', './sandbox.mjs', script, subpath], folder, {
    mayFail: true,
    timeout: 30_000,
  })
}

/** Subpaths whose declarations show types of msw, which needs the DOM's. */
const needsDom = ['bbb-client/msw', 'lms-conferencing/msw', 'lms-conferencing/testing']

function checkCompiles(subpaths: readonly string[], folder: string): void {
  const exportAll = (chosen: readonly string[]): string =>
    chosen.map((subpath, index) => `export * as module${index} from '${subpath}'\n`).join('')
  writeFileSync(join(folder, 'subpaths.ts'), exportAll(subpaths.filter(subpath => !needsDom.includes(subpath))))
  writeFileSync(join(folder, 'subpaths-dom.ts'), exportAll(subpaths.filter(subpath => needsDom.includes(subpath))))
  copyFileSync(join(consumer, 'consumer.ts'), join(folder, 'consumer.ts'))
  const compilers = [join(root, 'node_modules/typescript'), join(folder, 'node_modules/typescript')]
  for (const compiler of compilers) {
    const { version } = JSON.parse(readFileSync(join(compiler, 'package.json'), 'utf8')) as { version: string }
    for (const [moduleResolution, module] of [
      ['nodenext', 'nodenext'],
      ['bundler', 'preserve'],
    ]) {
      for (const [lib, files] of [
        [['es2023'], ['consumer.ts', 'subpaths.ts']],
        [['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'], ['subpaths-dom.ts']],
      ]) {
        const compilerOptions = {
          module,
          moduleResolution,
          target: 'es2023',
          lib,
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        }
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
        tool(
          `TypeScript ${version}, ${moduleResolution}, ${lib?.at(-1)}`,
          process.execPath,
          [join(compiler, 'lib/tsc.js'), '--pretty', 'false'],
          folder,
        )
      }
    }
  }
}

function subpathsOf({ manifest }: Packed): string[] {
  return Object.keys(manifest.exports)
    .filter(key => key !== './package.json')
    .map(key => manifest.name + key.slice(1))
}

function npmInstall(folder: string, specs: readonly string[]): void {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  run('npm', ['install', '--prefix', folder, ...quiet, ...specs], folder)
}

function tool(title: string, command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = run(command, args, cwd, { mayFail: true })
  if (status === 0) console.log(`✓ ${title}`)
  else findings.push(`${title}:\n${(stdout + stderr).trim()}`)
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  options: { mayFail?: boolean; timeout?: number } = {},
) {
  const env = { ...process.env }
  // npx leaves its own arguments in the environment, where the npm started here would take them for its own.
  for (const name of ['npm_config_package', 'npm_config_call', 'npm_config_local_prefix']) delete env[name]
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: options.timeout, maxBuffer: 1 << 26 })
  const { status, stdout, stderr } = result
  if (!options.mayFail && status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} in ${cwd}: ${result.error?.message ?? `status ${status}`}\n${stdout}${stderr}`,
    )
  }
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}

function tail(text: string): string {
  const lines = text.trim().split('\n')
  return lines.find(line => /^\w*Error/.test(line)) ?? lines.at(-1) ?? ''
}

main()
