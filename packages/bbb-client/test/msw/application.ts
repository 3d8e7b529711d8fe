import { BbbClient } from 'bbb-client'

/** Somebody's application: it knows nothing of tests, msw or the fake server. */
export async function openClass(bbb: BbbClient, title: string): Promise<string> {
  const meeting = await bbb.create({ meetingID: `class-of-${title.length}-letters`, name: title })
  return bbb.joinUrl({
    meetingID: meeting.meetingID,
    fullName: "Siobhán O'Brien",
    role: 'MODERATOR',
    userID: 'teacher-1',
    createTime: meeting.createTime,
  })
}

export const production = (secret: string): BbbClient => new BbbClient({ url: 'https://bbb.example.org', secret })
