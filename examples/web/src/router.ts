import { createRouter, createWebHistory, type Router } from 'vue-router'
import CoursesView from './demo/CoursesView.vue'
import CourseView from './demo/CourseView.vue'
import FeatureOff from './demo/FeatureOff.vue'
import NotFound from './demo/NotFound.vue'
import SignIn from './demo/SignIn.vue'
import type { Person, Session } from './demo/session.ts'
import { features } from './features.ts'
import ClassView from './views/ClassView.vue'
import RecordingView from './views/RecordingView.vue'
import StudentDashboard from './views/StudentDashboard.vue'

const homeOf = { student: 'dashboard', teacher: 'courses', admin: 'admin' } as const satisfies Record<
  Person['role'],
  string
>

/** The places of the page. Everything but the choice of a person needs one. */
export function createPageRouter(session: Session): Router {
  const router = createRouter({
    history: createWebHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: '/sign-in', name: 'sign-in', component: SignIn },
      ...(features.virtualClasses
        ? [
            {
              path: '/',
              redirect: () => ({ name: session.person.value ? homeOf[session.person.value.role] : 'sign-in' }),
            },
            {
              path: '/dashboard',
              name: 'dashboard',
              component: StudentDashboard,
              props: () => ({ courseIds: session.person.value?.courses.map(({ id }) => id) ?? [] }),
            },
            { path: '/courses', name: 'courses', component: CoursesView },
            { path: '/courses/:id', name: 'course', component: CourseView, props: true },
            { path: '/classes/:id', name: 'class', component: ClassView, props: true },
            { path: '/classes/:id/recording', name: 'recording', component: RecordingView, props: true },
            // Few come here: loaded when they do.
            {
              path: '/admin',
              name: 'admin',
              component: () => import('./views/AdminView.vue'),
              props: () => ({ courses: session.person.value?.courses ?? [] }),
            },
          ]
        : [{ path: '/', component: FeatureOff }]),
      { path: '/:path(.*)*', component: NotFound },
    ],
  })
  router.beforeEach(to => {
    if (session.person.value || to.name === 'sign-in') return true
    return { name: 'sign-in', query: { next: to.fullPath } }
  })
  return router
}
