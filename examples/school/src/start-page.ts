import { students, teachers } from './people.ts'
import { courses, tokenOf } from './school.ts'

/** What is here, and who one can be: for whoever asks by hand, and for where the page of `examples/web` was not built. */
export const startPage = (framework: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Live classes</title>
<h1>Live classes</h1>
<p>A small school on ${framework}. The API is under <code>/api/v1/</code>, described in <a href="/openapi.json">/openapi.json</a>;
<a href="/healthz">/healthz</a> says whether all is well.</p>
<h2>Courses</h2>
<ul>${courses.map(({ id, title, teacher }) => `<li><code>${id}</code> ${title} (${teacher.displayName})</li>`).join('')}</ul>
<h2>People</h2>
<p>Send <code>Authorization: Bearer <em>token</em></code>. For demonstrations only.</p>
<ul>${[...teachers, ...students].map(user => `<li><code>${tokenOf(user)}</code> ${user.displayName}</li>`).join('')}</ul>
</html>
`
