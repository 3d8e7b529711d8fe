/** Offers a text as a file to keep. */
export function saveFile(text: string, { name, type }: { readonly name: string; readonly type: string }): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  // Browsers read it after the click, and some take their time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
