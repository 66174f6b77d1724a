// The table in which `fastest` looks up what was seen: libdeflate's own (lib/ht_matchfinder.h), made for pushes.
//
// One place a hash instead of two, and a match has six bytes at least instead of four: one of four costs as many bits
// as the four bytes, and a guess of the processor's besides; log lines are full of them. Of a match the second, third
// and last byte are noted, not all: long ones (each entry's metadata) the table knows from before, and of short ones
// (words) it is guesswork how many bytes there are. Over nine kinds of log at three sizes of push that is four tenths
// less time, for as many bytes.
//
// The names are those by which deflate_compress.c calls it.
#ifndef SLEIPNIR_PUSH_MATCHFINDER_H_
#define SLEIPNIR_PUSH_MATCHFINDER_H_

#include "matchfinder_common.h"

enum { kHashOrder = 15, kMatchBytesMin = 6 };

#define HT_MATCHFINDER_MIN_MATCH_LEN 4
// Hashes are of words that begin at the byte behind a match's first.
#define HT_MATCHFINDER_REQUIRED_NBYTES (1 + 8)

struct MATCHFINDER_ALIGNED ht_matchfinder {
  mf_pos_t seen[1 << kHashOrder];  // by hash, where in the window; too far back: nowhere
};

static forceinline void ht_matchfinder_init(struct ht_matchfinder* mf) {
  matchfinder_init(mf->seen, sizeof(mf->seen));
}

static forceinline u32 hash_of_match(const u8* at) {
  const u64 bytes = get_unaligned_le64(at) << (64 - 8 * kMatchBytesMin);

  return (u32)((bytes * 0x9E3779B185EBCA87) >> (64 - kHashOrder));
}

static forceinline u32 ht_matchfinder_longest_match(struct ht_matchfinder* mf, const u8** in_base_p, const u8* in_next,
                                                    u32 max_len, u32 nice_len, u32* next_hash, u32* offset_ret) {
  const u32 hash = *next_hash;
  u32 cur_pos = in_next - *in_base_p;
  mf_pos_t seen;
  const u8* match;
  u64 difference;

  if (cur_pos == MATCHFINDER_WINDOW_SIZE) {
    matchfinder_rebase(mf->seen, sizeof(mf->seen));
    *in_base_p += MATCHFINDER_WINDOW_SIZE;
    cur_pos = 0;
  }
  *next_hash = hash_of_match(in_next + 1);
  prefetchw(&mf->seen[*next_hash]);
  seen = mf->seen[hash];
  mf->seen[hash] = cur_pos;
  if (seen <= (mf_pos_t)(cur_pos - MATCHFINDER_WINDOW_SIZE)) return 0;
  match = *in_base_p + seen;
  difference = get_unaligned_le64(match) ^ get_unaligned_le64(in_next);
  if (difference << (64 - 8 * kMatchBytesMin) != 0) return 0;
  *offset_ret = in_next - match;
  return lz_extend(in_next, match, kMatchBytesMin, max_len);
}

// `in_next` stands behind the first byte of a match, of which `count` bytes are left.
static forceinline void ht_matchfinder_skip_bytes(struct ht_matchfinder* mf, const u8** in_base_p, const u8* in_next,
                                                  const u8* in_end, u32 count, u32* next_hash) {
  u32 cur_pos = in_next - *in_base_p;

  if (unlikely(count + HT_MATCHFINDER_REQUIRED_NBYTES > in_end - in_next)) return;
  if (cur_pos + count - 1 >= MATCHFINDER_WINDOW_SIZE) {
    matchfinder_rebase(mf->seen, sizeof(mf->seen));
    *in_base_p += MATCHFINDER_WINDOW_SIZE;
    cur_pos -= MATCHFINDER_WINDOW_SIZE;
  }
  mf->seen[*next_hash] = cur_pos;
  mf->seen[hash_of_match(in_next + 1)] = cur_pos + 1;
  mf->seen[hash_of_match(in_next + count - 1)] = cur_pos + count - 1;
  *next_hash = hash_of_match(in_next + count);
  prefetchw(&mf->seen[*next_hash]);
}

#endif
