import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  // The packages of this repository from their sources, as everywhere in it: no build of theirs is needed first.
  resolve: { conditions: ['lms-conferencing-source', 'module', 'browser', 'development|production'] },
  define: { __VUE_OPTIONS_API__: 'false' },
  // `pnpm --filter @examples/web dev` beside `pnpm --filter @examples/fastify start`.
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:3000',
      '/demo': 'http://127.0.0.1:3000',
      '/socket.io': { target: 'http://127.0.0.1:3000', ws: true },
    },
  },
})
