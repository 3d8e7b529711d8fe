/** Somebody with an account. */
export interface User {
  readonly userId: string
  /** As the person writes it: names are text, and no rule about them holds. */
  readonly displayName: string
  /** Runs the place: may do what any teacher may. */
  readonly isAdmin: boolean
}

const user = (userId: string, displayName: string, isAdmin = false): User => ({ userId, displayName, isAdmin })

export const admin = user('office', 'Noor Haddad', true)

export const teachers = [user('teacher-1', 'Katarzyna Zielińska'), user('teacher-2', "Seán O'Brien")] as const

/** A class of thirty, named as classes are: in many scripts, with one word or five, apostrophes and all. */
export const students: readonly User[] = [
  'Amélie Lefèvre',
  'Nguyễn Thị Hương',
  'José Núñez Carreño',
  'João da Conceição',
  '王芳',
  '佐藤 花子',
  '김서연',
  'Дарья Соколова',
  'Олексій Коваленко',
  'Ελένη Παπαδοπούλου',
  'محمد العلي',
  'נועה לוי',
  'प्रिया शर्मा',
  'অনন্যা দাস',
  'ธนากร ศรีสุข',
  'Łukasz Wójcik',
  'Þórunn Jónsdóttir',
  'Søren Kjær',
  'Åsa Lindström',
  'Ayşe Demir',
  'Ștefan Ionescu',
  'Jan Šťastný',
  'Anikó Szűcs',
  'Zoë van der Berg',
  'Màiri NicDhòmhnaill',
  'Jūratė Žukauskienė',
  'Fatoumata Diallo',
  "Kawika Ka'eo",
  'Chidi Okonkwo',
  'Suharto',
].map((name, index) => user(`student-${String(index + 1).padStart(2, '0')}`, name))
