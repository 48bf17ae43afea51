/** A point of a drawing that shows nothing: it is there so that a fit of the view takes in lines that run beside the boxes. */
export const unseen = {
  width: 1,
  height: 1,
  selectable: false,
  draggable: false,
  connectable: false,
  focusable: false,
} as const;
