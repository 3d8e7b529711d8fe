import type { FakeResponse } from './message.ts'
import { escapeXml } from './xml.ts'

const css =
  'body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;background-color:#525D76;} h1 {font-size:22px;} h2 {font-size:16px;} h3 {font-size:14px;} p {font-size:12px;} a {color:black;} .line {height:1px;background-color:#525D76;border:none;}'

const pages = {
  400: [
    'Bad Request',
    'The server cannot or will not process the request due to something that is perceived to be a client error.',
  ],
  404: [
    'Not Found',
    'The origin server did not find a current representation for the target resource or is not willing to disclose that one exists.',
  ],
  500: [
    'Internal Server Error',
    'The server encountered an unexpected condition that prevented it from fulfilling the request.',
  ],
} as const

/** The application server's own error page: what a client sees where bbb-web throws or has no such call. */
export function tomcatPage(status: keyof typeof pages, message?: string): FakeResponse {
  const [reason, description] = pages[status]
  const title = `HTTP Status ${status} – ${reason}`
  const text = message ? `<p><b>Message</b> ${escapeXml(message)}</p>` : ''
  return {
    status,
    headers: { 'content-type': 'text/html;charset=utf-8', 'content-language': 'en' },
    body: `<!doctype html><html lang="en"><head><title>${title}</title><style type="text/css">${css}</style></head><body><h1>${title}</h1><hr class="line" /><p><b>Type</b> Status Report</p>${text}<p><b>Description</b> ${description}</p><hr class="line" /><h3>Apache Tomcat/9.0.70 (Debian)</h3></body></html>`,
  }
}

/** What nginx says itself, for faults in front of bbb-web. */
export function nginxPage(status: number, reason: string): FakeResponse {
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${status} ${reason}</title></head>\r\n<body>\r\n<center><h1>${status} ${reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  }
}

/** Express's page for a route that does not exist, as the webhooks service answers. */
export function expressPage(status: number, text: string): FakeResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>${escapeXml(text)}</pre>\n</body>\n</html>\n`,
  }
}
