import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The Chromium of this machine; `undefined` where there is none. */
export const chromiumPath: string | undefined = [process.env.CHROMIUM_PATH, ...places].find(
  path => path !== undefined && existsSync(path),
)

/** For the title of a suite that needs one. */
export const unlessBrowser =
  chromiumPath === undefined ? ' (skipped: no Chromium here; install one or set CHROMIUM_PATH)' : ''

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath ?? '',
    // Its sandbox cannot be had by root, which containers are.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })

/** Where screenshots go. */
const artefacts = join(import.meta.dirname, '../artefacts')
const guide = join(import.meta.dirname, '../../../../docs/images')

/** As much of a page as the guide needs, from its top. */
export interface GuidePicture {
  readonly name: string
  /** In pixels. */
  readonly height: number
}

/** Keeps a picture of what a page shows; one for the guide too, when `UPDATE_DOCS=1` asks for it. */
export async function picture(page: Page, name: string, forGuide?: GuidePicture): Promise<void> {
  await mkdir(dirname(join(artefacts, name)), { recursive: true })
  await page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true, animations: 'disabled' })
  if (forGuide === undefined || process.env.UPDATE_DOCS !== '1') return
  await mkdir(guide, { recursive: true })
  const clip = { x: 0, y: 0, width: 1180, height: forGuide.height }
  await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: join(guide, `${forGuide.name}.png`), animations: 'disabled', clip })
}

/** What the pages of an origin complain of: each error on a console, each exception that nobody caught. */
export function listen(context: BrowserContext, origin: string, complaints: string[]): void {
  context.on('console', message => {
    const isGrave = message.type() === 'error' || message.type() === 'warning'
    if (isGrave && message.page()?.url().startsWith(origin)) complaints.push(message.text())
  })
  context.on('weberror', error => complaints.push(String(error.error())))
}

/** Nothing that keeps somebody out, in the light and in the dark. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(axe.source)
    const found: readonly { id: string; impact: string; nodes: readonly { html: string }[] }[] = await page.evaluate(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => ({ html })) })))",
    )
    const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(
      grave.map(({ id, nodes }) => `${id} (${colorScheme}): ${nodes.map(({ html }) => html).join(' ')}`),
      page.url(),
    ).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
}
