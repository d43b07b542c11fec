/* SPDX-License-Identifier: Apache-2.0 */
/* frames.c -- heads of WebSocket frames: mask and form of the length.
 *
 * Spec: RFC 6455 s5.1, s5.2.
 */
#include "link/frames.h"

static size_t size_of_head(const unsigned char *head)
{
    unsigned form = head[1] & 0x7f;
    return form == 127 ? 10 : form == 126 ? 4 : 2;
}

static uint64_t length_of(const unsigned char *head, size_t n)
{
    uint64_t length = n == 2 ? head[1] & 0x7f : 0;
    for (size_t i = 2; i < n; i++)
        length = length << 8 | head[i];
    return length;
}

static const char *judge(struct frames *frames)
{
    size_t n = frames->n_head;
    frames->left = length_of(frames->head, n);
    frames->n_head = 0;
    if (frames->head[1] & 0x80)
        return "the broker sent a masked WebSocket frame";
    if ((n == 4 && frames->left < 126) || (n == 10 && frames->left < 65536))
        return "the broker sent a WebSocket frame whose length is not in its "
               "shortest form";
    return NULL;
}

const char *frames_follow(struct frames *frames, const unsigned char *octets,
                          size_t n)
{
    const char *wrong = NULL;
    while (n > 0 && !wrong) {
        size_t take = frames->left < n ? (size_t)frames->left : n;
        frames->left -= take;
        octets += take;
        n -= take;
        if (n == 0)
            break;
        frames->head[frames->n_head++] = *octets++;
        n--;
        if (frames->n_head >= 2 && frames->n_head == size_of_head(frames->head))
            wrong = judge(frames);
    }
    return wrong;
}
