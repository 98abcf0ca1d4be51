/* A lane whose lease somebody else holds is no work for a parker, if whoever releases a lease looks at the position again and rings one sleeper when frames are left.
 * Two messages, two consumers that each take one and are then busy for ever (a slow handler); a consumer may take the lease for nothing (another one was
 * faster), and reads `next` and the position in separate steps. No time-out anywhere.
 * spin -a 0002-leased-lane.pml && gcc -DSAFETY -o pan pan.c && ./pan        0 errors
 * -DSTALE: the position that was read under the lease decides instead of a fresh one. -DSILENT: nobody looks after a release. Both sleep over a message. */
byte tail = 0, nxt = 0, lease = 0; bool sleeping[3]; byte bell[3];
inline ring() { if :: sleeping[1] -> sleeping[1] = false; bell[1]++ :: else -> if :: sleeping[2] -> sleeping[2] = false; bell[2]++ :: else fi fi }
inline release() { lease = 0;
#ifdef STALE
  if :: t != n -> ring() :: else fi
#else
#ifndef SILENT
  if :: tail != n -> ring() :: else fi
#endif
#endif
}
active proctype producer() { tail = 1; ring(); tail = 2; ring() }
proctype consumer(byte c) { byte b, n, t; bool ok;
 do
 :: tail != nxt ->
    ok = false; atomic { if :: lease == 0 -> lease = c; ok = true :: else fi };
    if
    :: ok -> n = nxt; t = tail;
       if :: n == t -> release()
          :: else -> n = n + 1; nxt = n; release(); break
       fi
    :: else -> goto park
    fi
 :: tail == nxt ->
park: b = bell[c]; sleeping[c] = true;
    if :: tail != nxt && lease == 0 -> sleeping[c] = false
       :: else -> (bell[c] != b)
    fi
 od }
init { atomic { run consumer(1); run consumer(2) } }
