/* Total store order: a processor may keep its last store to itself for a while, and load something else meanwhile. One publisher with plain stores (its store buffer has
 * one place, flushed at any moment), one parker that announces, executes a barrier on the publisher's processor, looks, and sleeps. No time-out.
 * spin -a 0008-fences.pml && gcc -DSAFETY -o pan pan.c && ./pan        0 errors
 * -DNOFENCE: the parker does not fence. -DEARLY: it fences before it announces. Both sleep over a message. */
#define N 3
byte position = 0, buffered = 0, bell = 0, head = 0; bool sleeping = false;
inline flush() { if :: buffered != 0 -> position = buffered; buffered = 0 :: else fi }
active proctype publisher() { byte i = 0; bool s;
 do :: i < N ->
    atomic { flush(); buffered = i + 1 };       /* the one place of the buffer is needed: its store goes out first */
    s = sleeping;                               /* may pass the store */
    if :: s -> atomic { flush(); if :: sleeping -> sleeping = false; bell++ :: else fi } :: else fi;   /* locked operation: drains the buffer */
    i++
 :: else -> break od }
active proctype processor() { do :: atomic { buffered != 0 -> flush() } :: head == N -> break od }   /* stores leave the buffer, some time */
active proctype parker() { byte b;
 do :: head < position -> head++
    :: head == N -> break
    :: head == position && head < N -> b = bell;
#ifdef EARLY
       atomic { flush() }; sleeping = true;
#else
       sleeping = true;
#ifndef NOFENCE
       atomic { flush() };
#endif
#endif
       if :: head < position -> sleeping = false :: else -> (bell != b) fi
 od }
