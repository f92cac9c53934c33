/* Makes the empty library configure; goes with the first real file. */
typedef int ph_placeholder;
